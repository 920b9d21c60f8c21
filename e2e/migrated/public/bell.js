window.bell = 'ding'
